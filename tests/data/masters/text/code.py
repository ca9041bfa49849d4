"""Comment nailed to the @K@ source"""
