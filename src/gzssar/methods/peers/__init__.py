"""The peers: methods by other authors with the same interface, one file each, and a lower and an upper reference.

All of them share the following, so that a table compares only how they learn:

- They read the same inputs as our own methods: whitened skeleton features, and all kinds of texts, fused, centred and
  projected onto the span of the seen classes' texts (:class:`~gzssar.methods.problem.Spaces`). Most were published with
  raw features and one kind of text; with our inputs, they are better.
- The score of a seen class is the log-density around its mean clip. Most were published for unseen classes only, or
  with a seen classifier of their own that needs the encoder's logits.
- The harness fits their gate. Gates of their own, and constants that were tuned on test clips, are left out.
- If a paper tunes a constant, the method returns a scorer for each value of it, as if these were checkpoints. The
  harness selects the value that is best on held-out seen classes.
- No method reads test clips while it learns, although some papers do so.
- Texts get noise while a network learns from them, as in our recipe `msf`. Without noise, networks memorize the few
  class texts.
- Networks are smaller than published, and they train for fewer steps with a larger learning rate, because each clip is
  one feature vector here, and there are few class texts.

Each file names its paper, its constants, and its other differences from the paper.
"""
