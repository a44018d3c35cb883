"""An example: a page for each customer that only a group's members may see."""
