"""The product: plan → do → check → act, and the board that moves a card through the four rooms.

Rooms import only downwards. Nothing here knows Flask, reads wall time or the environment: callers hand in
the session, the actor and the moment.
"""
