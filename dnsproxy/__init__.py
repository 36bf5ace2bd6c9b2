"""Questions to answers: where a name is asked, what a reply may be, sockets."""
