"""The composition root: settings in, wired and supervised parts out. Nothing else builds its own collaborators.

One replica is a few processes:

    parent      ``parent``: opens every socket (``doors``), starts and restarts the others; imports no HTTP, no Redis
     |- store   ``dnsd.store.embedded``, when no store is named
     |- control ``control``: admin API, registry, mirror, feed
     '- responder x workers  ``responder``: DNS out of compiled nodes

``life`` gives either form of a replica, ``parent`` or ``solo`` (``--workers 0``), its signals, its ready line and its
words to the service manager. ``orders`` is what a child is told, ``channel`` how it and its parent talk, ``child`` its
main function (``python -m dnsd.app ROLE FD``).
"""
