"""The peers: other people's methods behind the same seam, one file each, and two references that bound them.

What all of them share, so that a table compares how they learn, and nothing else:

- They read what our own methods read: whitened skeleton features and all kinds of texts, fused, centred and reduced to
  what the seen classes' texts span (:class:`~gzssar.methods.problem.Spaces`). Most were published on raw features and
  one text; on ours they do better.
- A seen class scores by the density around its mean clip. Most were published for zero-shot classes alone, or with a
  seen classifier of their own that needs the encoder's logits.
- The harness gates them: a gate of their own, and constants that were tuned on test clips, are left out.
- Where a paper tunes a constant, a scorer comes back for each of its values, in the place of a checkpoint. The harness
  takes the one that is best on classes held out of the seen ones.
- No method reads test clips while it learns, though some papers do.
- Texts get noise while a network learns from them, as in our own recipe of MSF: without it, networks learn the few
  class texts by heart.
- Networks are smaller and train for fewer steps, with a larger step, than published: features here are one vector per
  clip, and class texts are few.

A file names its paper, its constants, and what it does otherwise besides.
"""
