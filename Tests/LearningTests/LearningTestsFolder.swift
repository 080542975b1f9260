/// The folder of these tests, where their goldens lie, as the path of a file in it.
let learningTests = #filePath
