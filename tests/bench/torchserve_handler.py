"""torchserve_handler - TorchServe's worker around the same frozen TorchScript model. Packed and run by scripts/bench-serve."""
import logging
import os

from peer_model import PeerModel


class Handler:
    def initialize(self, context):
        self.model = PeerModel(context.system_properties["model_dir"], os.environ["TUNDISH_PEER_PRECISION"])
        logging.getLogger().setLevel(logging.WARNING)  # else it logs each request and its metrics

    def handle(self, requests, context):
        return [self.model.classify(self.model.decode(request["body"]))[0] for request in requests]
