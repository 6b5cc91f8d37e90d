"""Parts of the composition root: which engine a service is made with, and what it is told."""
