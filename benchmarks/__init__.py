"""`make bench`: the server beside the engine alone, the least a protocol can cost, and other servers, on this machine.

workloads   models, bodies, and which server is asked for what
servers     starts what is measured, and reads its CPU time and memory
load        one measurement: h2load for some seconds
machine     cores, steal, other processes, versions
goals       ratios within a repeat, and verdicts
report      the table, the JSON, the comparison with the stored run
plots       SVG
"""
