"""What the decision record costs: the store alone, and a service with and without it."""
