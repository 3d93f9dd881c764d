"""The web page: a clip plays, the classes are ranked, a class is added in words. JSON routes and one static page.

Bottom up: what can be chosen (``config``), what a recognizer must offer (``model``), uploads (``costs``, ``uploads``),
samples (``samples``), what the player draws (``player``), threads (``workers``), visitors' classes (``store``), who may
ask and how much (``guard``), what goes in and out (``schemas``, ``forms``, ``failures``), the routes (``routes``,
``app``) and the server (``server``).
"""
