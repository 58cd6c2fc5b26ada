"""Text dialogues with devices, described in a file: templates of what is sent, patterns of what is answered."""
