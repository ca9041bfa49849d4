select 1
set-txt
(page 0 0 400 500
 (line 50 440 350 450 "Mackerel swim through the djvu body")
 (line 50 400 350 410 "and on its second line"))
.
select 2
set-txt
(page 0 0 60 80 (line 5 5 55 15 "Second page sunk in the djvu book"))
.
create-shared-ant
set-meta
Title "Catch of the djvu"
Author "Anna Fischer"
.
set-outline
(bookmarks ("Bookmark tied in djvu" "#1"))
.
