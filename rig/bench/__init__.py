"""What is on the table: instruments, loads, the device under test, and how to reach them."""
