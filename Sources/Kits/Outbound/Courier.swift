// libcurl's multi socket interface on our loops: curl says which descriptors and deadlines it cares for, the loop says
// when something happened. No thread waits; curl resolves names on short-lived threads of its own.
import CCurl
import Core
import Glibc
package import Loop

/// Carries requests and mail out of the house. One for the process; ``HTTPClient`` and ``SMTPClient`` speak through it.
///
/// Connections are kept and used again, per loop.
package final class Courier: Sendable {
  private let loops: LoopGroup
  private let routes = Locked<[ObjectIdentifier: Transfers]>([:])

  private static let prepared: Void = { curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }() as Void

  package init(loops: LoopGroup) {
    _ = Courier.prepared
    self.loops = loops
  }

  deinit { for transfers in routes.withLock({ Array($0.values) }) { transfers.loop.post { transfers.close() } } }

  /// Ends what is under way with ``OutboundError/closed``. Call it before the loops stop.
  package func close() async {
    let all = routes.withLock { routes in
      defer { routes = [:] }
      return Array(routes.values)
    }
    for transfers in all {
      await withUnsafeContinuation { continuation in
        transfers.loop.post {
          transfers.close()
          continuation.resume()
        }
      }
    }
  }

  /// Runs one transfer on the caller's loop, or on any. `prepare` sets the handle's options, on the loop. A cancelled
  /// task cancels the transfer.
  func carry(_ transfer: Transfer) async throws -> Transfer.Result {
    let loop = loops.any
    let transfers = routes.withLock { routes in
      if let known = routes[ObjectIdentifier(loop)] { return known }
      let fresh = Transfers(loop)
      routes[ObjectIdentifier(loop)] = fresh
      return fresh
    }
    // What came back is handed over under a lock, and the continuation only says that it lies there: a caller that is on no
    // loop goes on at once on another thread, and ThreadSanitizer does not see how the runtime orders the two.
    let landed = Locked<Swift.Result<Transfer.Result, any Error>?>(nil)
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        loop.post {
          transfers.start(transfer) { outcome in
            landed.withLock { $0 = outcome }
            continuation.resume()
          }
        }
      }
    } onCancel: {
      loop.post { transfers.cancel(transfer) }
    }
    return try landed.withLock { $0! }.get()
  }
}

/// One exchange: what goes out, what came back. Made anywhere, then touched on its loop only.
final class Transfer: @unchecked Sendable {
  struct Result: Sendable {
    let code: CURLcode
    /// HTTP status or SMTP reply code, the last one seen; 0 when none came.
    let status: Int
    let lines: [String]
    let body: [UInt8]
    /// What curl says went wrong; may name hosts and files, so it is for the log and the admin.
    let reason: String
    let wasTooLarge: Bool
    let metPrivateAddress: Bool
  }

  private let prepare: (Transfer, OpaquePointer) -> Void
  let upload: [UInt8]
  let maximumBody: Int
  let publicOnly: Bool

  fileprivate var easy: OpaquePointer?
  /// Told once, on the loop.
  fileprivate var done: ((Swift.Result<Result, any Error>) -> Void)?
  fileprivate var isCancelled = false
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private var uploaded = 0
  private var body: [UInt8] = []
  private var lines: [String] = []
  private var wasTooLarge = false
  private var metPrivateAddress = false
  private let errorText: UnsafeMutablePointer<CChar>

  init(
    upload: [UInt8] = [], maximumBody: Int = 0, publicOnly: Bool = false,
    prepare: @escaping (_ transfer: Transfer, _ easy: OpaquePointer) -> Void
  ) {
    self.upload = upload
    self.maximumBody = maximumBody
    self.publicOnly = publicOnly
    self.prepare = prepare
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    for list in lists { curl_slist_free_all(list) }
    errorText.deallocate()
  }

  /// A list of lines that lives as long as the transfer.
  func list(_ texts: [String]) -> UnsafeMutablePointer<curl_slist>? {
    var head: UnsafeMutablePointer<curl_slist>?
    for text in texts { head = curl_slist_append(head, text) }
    if let head { lists.append(head) }
    return head
  }

  fileprivate func makeHandle() -> OpaquePointer {
    let easy = OpaquePointer(curl_easy_init()!)
    let curl = UnsafeMutableRawPointer(easy)
    let me = Unmanaged.passUnretained(self).toOpaque()
    tl_set_pointer(curl, CURLOPT_PRIVATE, me)
    tl_set_pointer(curl, CURLOPT_ERRORBUFFER, errorText)
    tl_set_number(curl, CURLOPT_NOSIGNAL, 1)
    // What the environment says about proxies is for people's shells, and would let a proxy reach what we must not.
    tl_set_text(curl, CURLOPT_PROXY, "")
    tl_set_pointer(curl, CURLOPT_WRITEDATA, me)
    tl_set_data_callback(curl, CURLOPT_WRITEFUNCTION) { Transfer.of($3).received($0!, $1 * $2) }
    tl_set_pointer(curl, CURLOPT_HEADERDATA, me)
    tl_set_data_callback(curl, CURLOPT_HEADERFUNCTION) { Transfer.of($3).receivedLine($0!, $1 * $2) }
    tl_set_pointer(curl, CURLOPT_READDATA, me)
    tl_set_data_callback(curl, CURLOPT_READFUNCTION) { Transfer.of($3).send($0!, $1 * $2) }
    tl_set_open_callback(curl, { Transfer.of($0).open($2!) }, me)
    prepare(self, easy)
    return easy
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
  }

  fileprivate func result(_ code: CURLcode) -> Result {
    Result(
      code: code, status: easy.map { tl_response_code(UnsafeMutableRawPointer($0)) } ?? 0, lines: lines, body: body,
      reason: errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText),
      wasTooLarge: wasTooLarge,
      metPrivateAddress: metPrivateAddress)
  }

  private func received(_ bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
    guard body.count + count <= maximumBody else {
      wasTooLarge = true
      return 0
    }
    body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    return count
  }

  /// Response heads of HTTP, replies of SMTP. Bounded: a hostile peer may send lines without end.
  private func receivedLine(_ bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
    guard lines.count < 500, count <= 16_384 else { return 0 }
    lines.append(String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self).trimmingSpaces())
    return count
  }

  private func send(_ room: UnsafeMutablePointer<CChar>, _ size: Int) -> Int {
    let count = min(size, upload.count - uploaded)
    upload.withUnsafeBytes { raw in
      if count > 0 { memcpy(room, raw.baseAddress! + uploaded, count) }
    }
    uploaded += count
    return count
  }

  /// Called with the address a name resolved to, at the moment of connecting: a name that changes its answer between
  /// a check and its use gains nothing.
  ///
  /// By pointer, never by value: curl's struct is declared with the sixteen bytes of a `sockaddr` at its end, and an IPv6
  /// address reaches beyond them; a copy would be judged by whatever lies behind it on the stack.
  private func open(_ pointer: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
    let address = pointer.pointee
    if publicOnly {
      let start = UnsafeRawPointer(pointer) + MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
      let raw = UnsafeRawBufferPointer(start: start, count: Int(address.addrlen))
      guard PublicAddress.holds(raw, family: address.family) else {
        metPrivateAddress = true
        return -1
      }
    }
    return socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
  }
}

/// The transfers of one loop: a curl multi handle. Touched on the loop only.
final class Transfers: @unchecked Sendable {
  /// A descriptor of curl's, watched by the loop.
  private final class Wire: Source {
    unowned let transfers: Transfers
    init(fd: Int32, loop: Loop, transfers: Transfers) {
      self.transfers = transfers
      super.init(fd: fd, loop: loop)
    }
    override func readable() { transfers.act(fd, CURL_CSELECT_IN) }
    override func writable() { transfers.act(fd, CURL_CSELECT_OUT) }
  }

  let loop: Loop
  private var multi: UnsafeMutableRawPointer?
  private var timer: LoopTimer?
  private var wires: [Int32: Wire] = [:]
  private var open: [ObjectIdentifier: Transfer] = [:]
  private var isClosed = false

  init(_ loop: Loop) { self.loop = loop }

  func start(_ transfer: Transfer, _ done: @escaping (Result<Transfer.Result, any Error>) -> Void) {
    guard !isClosed else { return done(.failure(OutboundError.closed)) }
    guard !transfer.isCancelled else { return done(.failure(CancellationError())) }
    let multi = multi ?? make()
    transfer.done = done
    let easy = transfer.makeHandle()
    transfer.easy = easy
    open[ObjectIdentifier(transfer)] = transfer
    curl_multi_add_handle(multi, UnsafeMutableRawPointer(easy))
  }

  func cancel(_ transfer: Transfer) {
    transfer.isCancelled = true
    finish(transfer, .failure(CancellationError()))
  }

  func close() {
    isClosed = true
    for transfer in Array(open.values) { finish(transfer, .failure(OutboundError.closed)) }
    if let multi { curl_multi_cleanup(multi) }
    multi = nil
    timer = nil
  }

  private func make() -> UnsafeMutableRawPointer {
    let multi = curl_multi_init()!
    self.multi = multi
    timer = loop.timer { [unowned self] in act(-1, 0) }
    tl_multi_callbacks(
      multi,
      { _, fd, what, context, _ in
        Unmanaged<Transfers>.fromOpaque(context!).takeUnretainedValue().watch(fd, what)
        return 0
      },
      { _, milliseconds, context in
        let transfers = Unmanaged<Transfers>.fromOpaque(context!).takeUnretainedValue()
        if milliseconds < 0 {
          transfers.timer?.cancel()
        } else {
          transfers.timer?.set(after: .milliseconds(milliseconds))
        }
        return 0
      }, Unmanaged.passUnretained(self).toOpaque())
    return multi
  }

  private func watch(_ fd: Int32, _ what: Int32) {
    if what == CURL_POLL_REMOVE {
      if let wire = wires.removeValue(forKey: fd) { loop.remove(wire) }
      return
    }
    let wire: Wire
    if let known = wires[fd] {
      wire = known
    } else {
      wire = Wire(fd: fd, loop: loop, transfers: self)
      wires[fd] = wire
      loop.add(wire)
    }
    loop.want(read: what & CURL_POLL_IN != 0, wire)
    loop.want(write: what & CURL_POLL_OUT != 0, wire)
  }

  private func act(_ fd: Int32, _ event: Int32) {
    guard let multi else { return }
    var running: Int32 = 0
    var left: Int32 = 0
    curl_multi_socket_action(multi, fd, event, &running)
    while let message = curl_multi_info_read(multi, &left) {
      var code = CURLE_OK
      guard let easy = tl_finished(message, &code), let context = tl_private(easy) else { continue }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      finish(transfer, .success(transfer.result(code)))
    }
  }

  private func finish(_ transfer: Transfer, _ outcome: Result<Transfer.Result, any Error>) {
    guard open.removeValue(forKey: ObjectIdentifier(transfer)) != nil, let easy = transfer.easy else { return }
    curl_multi_remove_handle(multi, UnsafeMutableRawPointer(easy))
    curl_easy_cleanup(UnsafeMutableRawPointer(easy))
    transfer.easy = nil
    let done = transfer.done
    transfer.done = nil
    done?(outcome)
  }
}
