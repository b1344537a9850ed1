from __future__ import annotations
import time, json
def test_probe(visit, calm, said, told, settle):
    Q={"data":"mnist","model":"lenet5-mnist","flow.n":"250","flow.layers":"relu2,relu4,fc3"}
    t=time.time(); at=visit("cluster_flow",Q); print("open",time.time()-t)
    calm(at)
    print(said(at)); print(dict(at.query_params))
    for m in told(at): print({k:(v if k not in("large","sprite") else len(v)) for k,v in m.items() if k not in ("ids","captions")}.__str__()[:600])
    print([ (e.proto.id) for e in at.get("bidi_component")])
    for a in ("parting","derailment","path","quality","files"):
        t=time.time(); settle(at.button_group(key="ask.flow").set_value(a).run()); print(a,time.time()-t); calm(at)
        print(said(at)[-1500:]); print([b.label for b in at.button])
        print([d.key for d in at.get("download_button")] if a else 0, [e.proto.id for e in at.get("vega_lite_chart")])
    t=time.time(); at.run(); print(time.time()-t)
