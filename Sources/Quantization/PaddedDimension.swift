/// The least multiple of 64 that is at least `dimension`: the length of a vector in a frame, and of its codes.
package func paddedDimension(_ dimension: Int) -> Int { (dimension + 63) / 64 * 64 }
