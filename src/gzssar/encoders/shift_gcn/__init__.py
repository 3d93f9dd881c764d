"""Shift-GCN (Cheng et al., CVPR 2020), the paper's skeleton encoder."""
