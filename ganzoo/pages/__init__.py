"""HTML: the templates of every page, and what renders them. Everything that is put into one is escaped."""
