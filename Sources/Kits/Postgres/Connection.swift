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

/// One part of what is sent together: a statement, or a word that has no values (`begin`, `savepoint inner_0`).
enum Step: Sendable {
  case word(String)
  case statement(SQL)
}

/// A statement the server knows in one session.
struct Prepared {
  let name: String
  let parameters: [PostgresType]
  let columns: [String]
}

/// One session with the server, owned by one loop; every member is touched on that loop's thread only.
///
/// One user at a time: whoever comes while another is served waits in line. Several steps go out together, in libpq's
/// pipeline mode (PostgreSQL manual, 34.5): one flush of the network and one answer for all of them.
final class Connection: Source, @unchecked Sendable {
  /// Told once, on the loop, when the session is gone while nobody was using it.
  var onLost: (() -> Void)?
  /// Told of every notification.
  var onNotification: ((_ channel: String, _ payload: String) -> Void)?
  private(set) var isLost = false

  private let handle: OpaquePointer
  private let cancellers: BlockingPool
  private var isClosed = false
  private var waiting: UnsafeContinuation<[Answer], any Error>?
  private var line: [UnsafeContinuation<Void, Never>] = []
  private var pending: OpaquePointer?
  private var isPipelined = false
  /// What a pipeline has brought so far, and the first error; what follows an error is not run.
  private var answers: [Answer] = []
  private var failure: PostgresError?
  private var isBusy = false
  private var exchangeNumber = 0
  /// A cancel request is on its way to the server. Until it has arrived nothing else may be asked here, or the request
  /// would hit the next, innocent statement.
  private var isCancelling = false
  private var afterCancel: (() -> Void)?
  private var prepared: [SQL.Shape: Prepared] = [:]
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

  /// The session to itself for as long as `body` takes, which may be several exchanges.
  private func alone<Result>(_ body: () async throws -> Result) async throws -> Result {
    while isBusy { await withUnsafeContinuation { line.append($0) } }
    isBusy = true
    defer {
      isBusy = false
      if !line.isEmpty { line.removeFirst().resume() }
    }
    return try await body()
  }

  /// Sends something and waits for all that comes back: the first error, or the last result; of a pipeline, one result
  /// for each of its steps.
  ///
  /// When the task is cancelled meanwhile, the server is asked to stop, and what it says to that is the outcome.
  private func exchange(isPipelined: Bool = false, _ send: (OpaquePointer) -> Int32) async throws -> [Answer] {
    try Task.checkCancellation()
    guard !isLost, PQstatus(handle) == CONNECTION_OK else {
      throw PostgresError("the connection is gone", state: "08003")
    }
    exchangeNumber += 1
    let number = exchangeNumber
    do {
      return try await withTaskCancellationHandler {
        try await withUnsafeThrowingContinuation { continuation in
          waiting = continuation
          self.isPipelined = isPipelined
          guard send(handle) == 1 else {
            // Half a pipeline cannot be taken back.
            if isPipelined { return lose() }
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

  private func finish(_ outcome: Result<[Answer], PostgresError>) {
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
      if isPipelined {
        takePipelined()
        continue
      }
      guard let result = PQgetResult(handle) else {
        let last = pending
        pending = nil
        do throws(PostgresError) { finish(.success([try answer(last)])) } catch { finish(.failure(error)) }
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

  private func takePipelined() {
    // Each step's results end with none.
    guard let result = PQgetResult(handle) else { return }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: answers.append(Answer(result))
    case PGRES_PIPELINE_ABORTED: PQclear(result)
    case PGRES_PIPELINE_SYNC:
      PQclear(result)
      isPipelined = false
      let (answers, failure) = (self.answers, self.failure)
      (self.answers, self.failure) = ([], nil)
      guard PQexitPipelineMode(handle) == 1 else { return lose() }
      finish(failure.map { .failure($0) } ?? .success(answers))
    case PGRES_FATAL_ERROR:
      failure = failure ?? PostgresError(result: result)
      PQclear(result)
    default:
      PQclear(result)
      lose("copy is not spoken here", state: "0A000")
    }
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
    if let failure, message == nil { error = failure }
    (answers, failure) = ([], nil)
    if waiting != nil { finish(.failure(error)) } else { onLost?() }
  }

  // MARK: Statements

  /// One or several statements without parameters, as text.
  @discardableResult func simply(_ script: String) async throws -> Answer {
    try await alone { try await exchange { PQsendQuery($0, script) }[0] }
  }

  /// A statement with its values, prepared on first use. The answer is binary.
  func execute(_ sql: SQL) async throws -> (answer: Answer, columns: [String]) {
    do {
      return try await once(sql)
    } catch let error as PostgresError where error.isStalePlan {
      // Inside a transaction everything is lost; there the whole transaction is done again.
      if isLost || isInTransaction { throw error }
      return try await once(sql)
    }
  }

  private func once(_ sql: SQL) async throws -> (answer: Answer, columns: [String]) {
    try await alone {
      do {
        try await makeRoom(for: 1)
        let statement = try await prepare(sql.shape)
        let parameters = try bind(sql.values, to: statement)
        return (try await exchange { Self.send(statement, parameters, $0) }[0], statement.columns)
      } catch let error as PostgresError where error.isStalePlan {
        prepared[sql.shape] = nil
        throw error
      }
    }
  }

  /// Several steps, sent together. When one fails, those after it are not run, and its error is thrown.
  func execute(_ steps: [Step]) async throws -> [(answer: Answer, columns: [String])] {
    try await alone {
      do {
        try await makeRoom(for: steps.count)
        var ready: [Ready] = []
        ready.reserveCapacity(steps.count)
        for step in steps { ready.append(try await prepare(step)) }
        let answers: [Answer]
        if ready.count == 1 {
          answers = try await exchange { ready[0].send($0) }
        } else {
          answers = try await exchange(isPipelined: true) { handle in
            guard PQenterPipelineMode(handle) == 1, ready.allSatisfy({ $0.send(handle) == 1 }) else { return 0 }
            return PQpipelineSync(handle)
          }
        }
        return zip(answers, ready).map { ($0, $1.statement?.columns ?? []) }
      } catch let error as PostgresError where error.isStalePlan {
        for case .statement(let sql) in steps { prepared[sql.shape] = nil }
        throw error
      }
    }
  }

  /// Before the first of so many statements gets its name, or that would be forgotten with the others.
  private func makeRoom(for count: Int) async throws {
    guard prepared.count + count > Self.preparedLimit else { return }
    prepared.removeAll()
    _ = try await exchange { PQsendQuery($0, "deallocate all") }
  }

  /// A step as it is sent.
  private struct Ready {
    let word: String
    let statement: Prepared?
    let parameters: Parameters

    func send(_ handle: OpaquePointer) -> Int32 {
      guard let statement else { return PQsendQueryParams(handle, word, 0, nil, nil, nil, nil, 1) }
      return Connection.send(statement, parameters, handle)
    }
  }

  private static func send(_ statement: Prepared, _ parameters: Parameters, _ handle: OpaquePointer) -> Int32 {
    parameters.withPointers { count, values, lengths, formats in
      PQsendQueryPrepared(handle, statement.name, count, values, lengths, formats, 1)
    }
  }

  private func bind(_ values: [any Bindable], to statement: Prepared) throws -> Parameters {
    guard statement.parameters.count == values.count else {
      throw PostgresError("\(values.count) values for \(statement.parameters.count) parameters", state: "08P01")
    }
    var parameters = Parameters(count: values.count)
    for at in values.indices { try values[at].bind(into: &parameters, as: statement.parameters[at]) }
    return parameters
  }

  private func prepare(_ step: Step) async throws -> Ready {
    switch step {
    case .word(let word): return Ready(word: word, statement: nil, parameters: Parameters(count: 0))
    case .statement(let sql):
      let statement = try await prepare(sql.shape)
      return Ready(word: "", statement: statement, parameters: try bind(sql.values, to: statement))
    }
  }

  private func prepare(_ shape: SQL.Shape) async throws -> Prepared {
    if let known = prepared[shape] { return known }
    names += 1
    let name = "s\(names)"
    _ = try await exchange { PQsendPrepare($0, name, shape.text, 0, nil) }
    let described = try await exchange { PQsendDescribePrepared($0, name) }[0]
    let statement = withExtendedLifetime(described) {
      Prepared(
        name: name,
        parameters: (0..<PQnparams(described.result)).map { PostgresType(rawValue: PQparamtype(described.result, $0)) },
        columns: (0..<PQnfields(described.result)).map { String(cString: PQfname(described.result, $0)) })
    }
    prepared[shape] = statement
    return statement
  }
}
