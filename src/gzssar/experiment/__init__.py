"""An experiment: from arguments to every seed's scores and the report; ``story`` is the method on one page."""
