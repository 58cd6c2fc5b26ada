"""A plan says what the stimulator must do and what may be accepted."""
