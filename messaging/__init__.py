"""The post: who is written to, the letters, the two boxes, the gateways; knows nothing of campaigns and of the web."""
