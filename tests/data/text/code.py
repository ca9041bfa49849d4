"""Comment nailed to the py source"""
