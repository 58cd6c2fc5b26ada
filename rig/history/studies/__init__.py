"""Values of many runs, sorted into series and studies, and what statistics say of them."""
