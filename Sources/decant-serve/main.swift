import Serving
print("x")
