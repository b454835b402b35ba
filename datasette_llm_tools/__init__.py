"""The front door: hookimpls and the route table; each delegates in a line or three."""
