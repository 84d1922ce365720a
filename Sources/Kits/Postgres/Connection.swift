import CPostgres
import Core
import Glibc
import Loop

/// What the server answered to one statement; owns libpq's memory.
final class Answer: @unchecked Sendable {
  let result: OpaquePointer

  init(_ result: OpaquePointer) { self.result = result }
  deinit { PQclear(result) }

  var count: Int { withExtendedLifetime(self) { Int(PQntuples(result)) } }
  /// How many rows were written, or returned where nothing was.
  var affected: Int { withExtendedLifetime(self) { Int(String(cString: PQcmdTuples(result))) ?? 0 } }
  var columns: [String] {
    withExtendedLifetime(self) { (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) } }
  }
  /// `COMMIT`, `ROLLBACK`, `INSERT 0 1` …
  var command: String { withExtendedLifetime(self) { String(cString: PQcmdStatus(result)) } }
}

/// A statement the server knows in one session.
struct Prepared {
  let name: String
  let parameters: [PostgresType]
  let columns: [String]
}

/// One session with the server, owned by one loop; every member is touched on that loop's thread only.
///
/// One exchange at a time: whoever comes while one is under way waits in line.
final class Connection: Source, @unchecked Sendable {
  /// Told once, on the loop, when the session is gone while nobody was using it.
  var onLost: (() -> Void)?
  /// Told of every notification.
  var onNotification: ((_ channel: String, _ payload: String) -> Void)?
  private(set) var isLost = false

  private let handle: OpaquePointer
  private let cancellers: BlockingPool
  private var isClosed = false
  private var waiting: UnsafeContinuation<Answer, any Error>?
  private var line: [UnsafeContinuation<Void, Never>] = []
  private var pending: OpaquePointer?
  private var isBusy = false
  private var exchangeNumber = 0
  /// A cancel request is on its way to the server. Until it has arrived nothing else may be asked here, or the request
  /// would hit the next, innocent statement.
  private var isCancelling = false
  private var afterCancel: (() -> Void)?
  private var prepared: [String: Prepared] = [:]
  private var names = 0

  /// More statements than this in one session are forgotten together, so that a program that makes ever new ones does
  /// not fill the server.
  private static let preparedLimit = 500

  /// Takes over an open session. On the loop.
  init(_ handle: OpaquePointer, loop: Loop, cancellers: BlockingPool) {
    self.handle = handle
    self.cancellers = cancellers
    super.init(fd: PQsocket(handle), loop: loop)
    PQsetnonblocking(handle, 1)
    loop.add(self)
  }

  deinit { if !isClosed { PQfinish(handle) } }

  func close() {
    guard !isClosed else { return }
    loop.remove(self)
    PQfinish(handle)
    isClosed = true
    isLost = true
  }

  var isInTransaction: Bool { !isClosed && PQtransactionStatus(handle) != PQTRANS_IDLE }

  // MARK: Exchanges

  /// Sends something and waits for all that comes back: the first error, or the last result.
  ///
  /// When the task is cancelled meanwhile, the server is asked to stop, and what it says to that is the outcome.
  func exchange(_ send: (OpaquePointer) -> Int32) async throws -> Answer {
    while isBusy { await withUnsafeContinuation { line.append($0) } }
    try Task.checkCancellation()
    guard !isLost, PQstatus(handle) == CONNECTION_OK else {
      throw PostgresError("the connection is gone", state: "08003")
    }
    isBusy = true
    exchangeNumber += 1
    let number = exchangeNumber
    defer {
      isBusy = false
      if !line.isEmpty { line.removeFirst().resume() }
    }
    do {
      return try await withTaskCancellationHandler {
        try await withUnsafeThrowingContinuation { continuation in
          waiting = continuation
          guard send(handle) == 1 else {
            return finish(.failure(PostgresError(String(cString: PQerrorMessage(handle)), state: "08006")))
          }
          flush()
        }
      } onCancel: {
        loop.post { self.cancel(number) }
      }
    } catch let error as PostgresError where error.state == "57014" && Task.isCancelled {
      throw CancellationError()
    }
  }

  private func finish(_ outcome: Result<Answer, PostgresError>) {
    guard let continuation = waiting else { return }
    waiting = nil
    if isCancelling {
      afterCancel = { continuation.resume(with: outcome) }
    } else {
      continuation.resume(with: outcome)
    }
  }

  /// `PQcancel` opens a second connection and waits for it: never on the loop.
  private func cancel(_ number: Int) {
    guard waiting != nil, number == exchangeNumber, !isCancelling, let request = PQgetCancel(handle) else { return }
    isCancelling = true
    let address = UInt(bitPattern: request)
    Task(executorPreference: loop) { [self] in
      try? await cancellers.run {
        let request = OpaquePointer(bitPattern: address)
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { _ = PQcancel(request, $0.baseAddress, 256) }
        PQfreeCancel(request)
      }
      isCancelling = false
      afterCancel?()
      afterCancel = nil
    }
  }

  private func flush() {
    switch PQflush(handle) {
    case 0: loop.want(write: false, self)
    case 1: loop.want(write: true, self)
    default: lose()
    }
  }

  override func writable() { if !isClosed { flush() } }

  override func readable() {
    guard !isClosed else { return }
    guard PQconsumeInput(handle) == 1 else { return lose() }
    if waiting != nil { flush() }
    guard !isLost else { return }
    while let notification = PQnotifies(handle) {
      onNotification?(String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
      PQfreemem(notification)
    }
    while waiting != nil, PQisBusy(handle) == 0 {
      guard let result = PQgetResult(handle) else {
        let last = pending
        pending = nil
        do throws(PostgresError) { finish(.success(try answer(last))) } catch { finish(.failure(error)) }
        return
      }
      let status = PQresultStatus(result)
      if status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH {
        PQclear(result)
        return lose("copy is not spoken here", state: "0A000")
      }
      if let earlier = pending {
        if PQresultStatus(earlier) == PGRES_FATAL_ERROR {
          PQclear(result)
          continue
        }
        PQclear(earlier)
      }
      pending = result
    }
    if waiting == nil, PQstatus(handle) != CONNECTION_OK { lose() }
  }

  private func answer(_ result: OpaquePointer?) throws(PostgresError) -> Answer {
    guard let result else { throw PostgresError(String(cString: PQerrorMessage(handle)), state: "08006") }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return Answer(result)
    default:
      defer { PQclear(result) }
      throw PostgresError(result: result)
    }
  }

  /// The session is over. What the server said last (`57P01`: shutting down) tells more than that it hung up.
  private func lose(_ message: String? = nil, state: String = "08006") {
    guard !isLost else { return }
    isLost = true
    loop.remove(self)
    var error = PostgresError(message ?? String(cString: PQerrorMessage(handle)), state: state)
    if let last = pending {
      if message == nil, PQresultStatus(last) == PGRES_FATAL_ERROR { error = PostgresError(result: last) }
      PQclear(last)
      pending = nil
    }
    if waiting != nil { finish(.failure(error)) } else { onLost?() }
  }

  // MARK: Statements

  /// One or several statements without parameters, as text.
  @discardableResult func simply(_ script: String) async throws -> Answer {
    try await exchange { PQsendQuery($0, script) }
  }

  /// A statement with its values, prepared on first use. The answer is binary.
  func execute(_ sql: SQL) async throws -> (answer: Answer, columns: [String]) {
    do {
      return try await executeOnce(sql)
    } catch let error as PostgresError where error.isStalePlan {
      prepared[sql.text] = nil
      // Inside a transaction everything is lost; there the whole transaction is done again.
      if isLost || isInTransaction { throw error }
      return try await executeOnce(sql)
    }
  }

  private func executeOnce(_ sql: SQL) async throws -> (answer: Answer, columns: [String]) {
    let statement = try await prepare(sql.text)
    guard statement.parameters.count == sql.values.count else {
      throw PostgresError(
        "\(sql.values.count) values for \(statement.parameters.count) parameters", state: "08P01")
    }
    var parameters = Parameters(count: sql.values.count)
    for (value, type) in zip(sql.values, statement.parameters) { try value.bind(into: &parameters, as: type) }
    let answer = try await exchange { handle in
      parameters.withPointers { count, values, lengths, formats in
        PQsendQueryPrepared(handle, statement.name, count, values, lengths, formats, 1)
      }
    }
    return (answer, statement.columns)
  }

  private func prepare(_ text: String) async throws -> Prepared {
    if let known = prepared[text] { return known }
    if prepared.count >= Self.preparedLimit {
      prepared.removeAll()
      try await simply("deallocate all")
    }
    names += 1
    let name = "s\(names)"
    _ = try await exchange { PQsendPrepare($0, name, text, 0, nil) }
    let shape = try await exchange { PQsendDescribePrepared($0, name) }
    let statement = withExtendedLifetime(shape) {
      Prepared(
        name: name,
        parameters: (0..<PQnparams(shape.result)).map { PostgresType(rawValue: PQparamtype(shape.result, $0)) },
        columns: (0..<PQnfields(shape.result)).map { String(cString: PQfname(shape.result, $0)) })
    }
    prepared[text] = statement
    return statement
  }
}
