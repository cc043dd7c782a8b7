"""Experiments on applicants: what arms are compared by, and when a challenger must stop.

``sums`` are the running sums of a quantity. ``confidence`` bounds means and their differences at every look,
``rates`` shares, exactly. ``decisions`` are columns of a batch, ``state`` what is kept of a champion and a
challenger, ``rails`` the figures of four guard rails, ``guards`` their settings and whether the challenger
must go, ``verdict`` how they say it. ``simulate`` shows what they do on the ``books`` that it draws.
``ratio`` checks that arms get the applicants that their slots should give them.

Pure: numbers in, numbers out. ``cluster.rollout_guard`` reads decisions and acts.
"""
