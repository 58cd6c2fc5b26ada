"""The steps from one form of the database to the next, in order; one that was released is never changed again."""
