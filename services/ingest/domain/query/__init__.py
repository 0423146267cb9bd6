"""The query language of watches: text to syntax tree, tree to text, tree to a fast test on a document."""
