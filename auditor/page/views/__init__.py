"""The views of the review page: what a reviewer looks at. Nothing here records anything."""
