#!/bin/sh
# Comment nailed to the @K@ source
