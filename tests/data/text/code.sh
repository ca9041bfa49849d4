#!/bin/sh
# Comment nailed to the sh source
