"""What many values say: pure functions over arrays that know no database, no file and no clock."""
