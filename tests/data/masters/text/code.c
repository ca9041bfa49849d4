/* Comment nailed to the @K@ source */
int trawl_@K@_catch(void) { return 7301; }
