"""What comes between a run's last item and its end, where its family has something to do there."""
