/* What cppcheck must know of headers that it does not read. */
#define cJSON_ArrayForEach(element, array) for (element = (array)->child; element; element = element->next)
#define LOCK_SCOPE(l) (void)(l)
