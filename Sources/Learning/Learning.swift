// All families of methods under one name, for who wants several of them.
@_exported public import Contrastive
@_exported public import Extreme
@_exported public import Graphs
@_exported public import Noise
@_exported public import Streams
