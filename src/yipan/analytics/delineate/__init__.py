"""Where risk lies: expected onward infections by unit, and the smallest zones that hold a chosen share of them."""
