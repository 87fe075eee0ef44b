"""A tiny log for first tries and for the examples in the documentation."""

from __future__ import annotations

_EXAMPLE = """{"records":[{"time":"2024-05-01T09:01:00.0000000Z","flowLogVersion":4,\
"flowLogGUID":"00000000-0000-0000-0000-00000000f10e","macAddress":"00224871C205","category":"FlowLogFlowEvent",\
"flowLogResourceID":"/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/NETWORKWATCHERRG/PROVIDERS\
/MICROSOFT.NETWORK/NETWORKWATCHERS/NETWORKWATCHER_WESTEUROPE/FLOWLOGS/EXAMPLE","targetResourceID":\
"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example/providers/Microsoft.Network\
/virtualNetworks/example","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":\
"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example/providers/Microsoft.Network\
/networkSecurityGroups/example-nsg","flowGroups":[{"rule":"DefaultRule_AllowVnetInBound","flowTuples":[\
"1714554000000,10.1.2.20,10.1.1.21,50000,8080,6,I,B,NX,0,0,0,0",\
"1714554030000,10.1.2.20,10.1.1.21,50000,8080,6,I,C,NX,1021,588096,8005,4610880",\
"1714554060000,10.1.2.20,10.1.1.21,50000,8080,6,I,E,NX,52,29952,47,27072"]},{"rule":"DefaultRule_DenyAllInBound",\
"flowTuples":["1714554042000,203.0.113.9,10.1.1.21,40000,22,6,I,D,NX,0,0,0,0"]}]}]}}]}"""


def example_log() -> bytes:
    """Give a small virtual network flow log: one conversation of three tuples, and one denied try.

    Returns
    -------
    bytes
        The log as Azure writes it, which every function takes as its source.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.read(vf.example_log(), columns=["src_ip", "dst_port", "action"]).rows()[-1]
    ('203.0.113.9', 22, 'deny')
    """
    return _EXAMPLE.encode()
