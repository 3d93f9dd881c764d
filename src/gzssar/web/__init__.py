"""The web page: a clip plays, the classes are ranked, a class is added in words or by clips, a camera is watched. JSON
routes and one static page.

Bottom up: how much may be asked for (``limits``), uploads (``uploads``) and the processes that read them (``reading``),
samples (``samples``), what goes in and out (``schemas``, ``forms``, ``failures``), what the player draws (``player``),
threads (``workers``), visitors' classes (``store``) and cameras (``camera``), who may ask and how much (``guard``), the
routes (``routes``, ``app``) and the server (``server``).
"""
