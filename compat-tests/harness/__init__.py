"""What every compat test and the bench share: brokers as processes, and a raw socket client."""
