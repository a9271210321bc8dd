internal import CVectorKernels

/// The processor instructions that the vector kernels use; the results that users see do not depend on it.
package enum InstructionSet: String, CaseIterable, Sendable {
  /// One element after the other, in the kernels that take most of the time: a measure for the others.
  case scalar
  /// What every processor of the architecture has: SSE2, or NEON on ARM.
  case base
  /// AVX2, FMA and F16C.
  case avx2
  /// AVX-512 F, BW, VL and DQ, and VNNI where the processor has it.
  case avx512
  /// NEON with its dot product instructions.
  case neonDot = "neon-dot"

  /// The set in use: the processor's best, unless a lower one was asked for.
  package static var current: InstructionSet { InstructionSet(vk_active_level()) }

  /// Uses `wanted`, or the best below it that the processor has, from now on in the whole process.
  ///
  /// Safe to call from any thread; calls that have begun go on with the old set.
  ///
  /// - Returns: The set now in use.
  @discardableResult
  package static func use(_ wanted: InstructionSet) -> InstructionSet {
    switch wanted {
    case .scalar: InstructionSet(vk_force_level(.scalar))
    case .base: InstructionSet(vk_force_level(.base))
    case .avx2: InstructionSet(vk_force_level(.AVX2))
    case .avx512: InstructionSet(vk_force_level(.AVX512))
    case .neonDot: InstructionSet(vk_force_level(.neonDot))
    }
  }

  /// The name in options and output.
  package var name: String { rawValue }

  private init(_ level: VKLevel) {
    switch level {
    case .scalar: self = .scalar
    case .base: self = .base
    case .AVX2: self = .avx2
    case .AVX512: self = .avx512
    case .neonDot: self = .neonDot
    @unknown default: self = .base
    }
  }
}

extension Metric {
  /// The kernels' name of this metric.
  var kernelMetric: VKMetric {
    switch self {
    case .cosine: .cosine
    case .dot: .dot
    case .l2: .L2
    case .l1: .L1
    case .hamming: .hamming
    }
  }
}
