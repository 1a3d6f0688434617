import ArgumentParser
import HDF5Access

/// What dearc starts itself as to read an HDF5 file; nobody types it.
struct HDF5WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: WorkerProgram.argument,
    abstract: "Read an HDF5 file on behalf of another command.", shouldDisplay: false)

  func run() throws { HDF5Worker.run() }
}
