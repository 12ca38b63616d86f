"""What is happening and what will: reproduction numbers, nowcast, forecast, the bottom line."""
