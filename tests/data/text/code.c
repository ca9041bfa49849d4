/* Comment nailed to the c source */
int trawl_c_catch(void) { return 7301; }
