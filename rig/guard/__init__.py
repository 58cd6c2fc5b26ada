"""The safety supervisor: lets the output be energised while somebody is seen to be alive, and opens it otherwise."""
