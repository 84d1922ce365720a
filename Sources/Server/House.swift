import Accounts
import Admin
import Audit
import Bookings
import Bus
import Captcha
import Checkout
import Classroom
import Core
import Crypto
import Doctor
import Embedding
import Files
import Gallery
import Glibc
import Home
import Jobs
import Ledger
import Legal
import Loop
import Notices
import OpenAPI
import Outbound
import Platform
import Postgres
import Push
import Redis
import Reviews
import Scheduling
import Site
import Status
import Towns
import Tutors
import Vault
import Web
import WebApp

/// The wiring: every part is made here, once, and handed what it stands on. No decision is taken here.
struct House {
  let config: Config
  let log: Log
  let loops: LoopGroup
  let database: Database
  let time: DatabaseClock
  let bus: Bus
  let redis: Redis?
  let relay: NodeRelay?
  let assets: Assets
  let site: Site
  let metrics: Metrics
  let sessions: Sessions
  let vault: Vault
  let maintenance: Maintenance
  let features: [any Feature]
  let courier: Courier
  let runner: Runner
  let watch: Watch
  let rest: AtRest
  let table: RouteTable

  init(_ config: Config, log: Log) throws {
    self.config = config
    self.log = log
    loops = LoopGroup(count: config.loops, log: log)
    let metrics = Metrics()
    self.metrics = metrics
    let asked = metrics.histogram("database_query_duration_seconds", "From sending a statement to its whole answer.")
    database = Database(
      url: config.databaseURL, loops: loops, connectionsPerLoop: config.connectionsPerLoop,
      atWork: config.connectionsAtWork, log: log,
      slowest: .milliseconds(config.slowQueryMilliseconds), explains: true,
      observe: { asked.observe(Double($0.took.microseconds) / 1_000_000) })
    time = DatabaseClock(database, log: log)
    let clock = time.clock
    let address = config.redisURL.map { RedisAddress($0) }
    if case .some(nil) = address {
      throw Config.Unusable(
        description: config.redisURL?.hasPrefix("rediss:") == true
          ? "REDIS_URL asks for TLS (rediss://), which is not spoken: let stunnel or a private network carry it, and set redis://127.0.0.1:6379."
          : "REDIS_URL cannot be read; redis://host:6379 was expected.")
    }
    if let address = address ?? nil { redis = Redis(address, loops: loops, log: log) } else { redis = nil }
    let shared = redis.map { SharedLimits($0) }
    relay = Self.relay(redis, config.isOneOfSeveral, database, loops, log)
    bus = Bus(loops: loops, relay: relay)
    assets = try Assets(folder: config.assets, live: config.isDevelopment)
    site = Site(
      name: config.siteName, url: config.siteURL, zone: config.zone,
      catalogue: try Catalogue(folder: config.assets + "/locales", forBuilders: config.isDevelopment),
      assets: assets, clock: clock, isDevelopment: config.isDevelopment)
    Self.measure(relay, redis, time, metrics)
    // Hashing would fill every core; in the background it takes what the loops leave.
    let hashing = BlockingPool(threads: config.loops, background: true)
    let disk = BlockingPool(threads: 4)
    rest = AtRest(loop: loops.loops[0], pool: disk) { Password.tidy() }
    let courier = Courier(loops: loops)
    self.courier = courier

    let notices = Notices(bus: bus)
    let files = try Files(folder: config.home + "/files", pool: disk)
    let ledger = Ledger(clock: clock)
    let sessions = Sessions(database: database, clock: clock, secret: config.secret)
    self.sessions = sessions
    let vault = try Keys.vault(config)
    self.vault = vault
    let audit = AuditLog(clock: clock)
    let maintenance = Maintenance(database: database)
    self.maintenance = maintenance
    let door = AdministrationDoor(
      open: config.adminAddresses, needsSecondFactor: config.adminNeedsSecondFactor, maintenance: maintenance,
      site: site)
    let accounts = Accounts(sessions: sessions)
    let tutors = Tutors()
    let bookings = Bookings(site: site, ledger: ledger, notices: notices, clock: clock)

    let office = config.smtpURL.flatMap { SMTPRelay(url: $0) }.map {
      PostOffice(client: SMTPClient(courier), relay: $0)
    }
    guard let sender = MailAddress(reading: config.mailFrom) else {
      throw Config.Unusable(
        description: "MAIL_FROM is “\(config.mailFrom)”; an address such as “Name <name@example.org>” was expected.")
    }
    if config.smtpURL != nil, office == nil {
      throw Config.Unusable(description: "SMTP_URL cannot be read; smtp://user:password@host:587 was expected.")
    }

    let settings = Self.webSettings(config, shared)

    let client = HTTPClient(courier)
    let own = "http://\(config.host == "0.0.0.0" ? "127.0.0.1" : config.host):\(config.port)"
    let simulated = SimulatedGateway(database: database, site: site, clock: clock, secret: config.secret) {
      path, headers, body in
      try await client.send(OutboundRequest(.post, own + path, headers: headers, body: body)).status
    }
    let captcha = Captcha(
      config.captcha, secret: config.secret, siteURL: config.siteURL, client: client, address: config.captchaURL,
      store: shared, clock: clock)
    let payments = Payments(
      database: database, bookings: bookings, ledger: ledger, notices: notices, site: site, clock: clock,
      gateways: [simulated])

    let scheduling = SchedulingFeature(database: database, site: site, tutors: tutors, clock: clock)
    let reviews = ReviewsFeature(database: database, site: site, tutors: tutors, notices: notices, clock: clock)
    let tutorsFeature = TutorsFeature(
      database: database, site: site, files: files, notices: notices, accounts: accounts, clock: clock,
      panels: .init(slots: scheduling.freeTimes, reviews: reviews.panel), towns: Towns(pool: disk))
    let isTrial =
      office == nil && (config.siteURL.hasPrefix("http://localhost") || config.siteURL.hasPrefix("http://127.0.0.1"))

    let legal = Legal(clock: clock)
    let standardText = StandardText(outsiders: Self.outsiders(config, payments: payments, sendsMail: office != nil))

    let rooms: [any Feature] = [
      AccountsFeature(
        database: database, site: site, sessions: sessions, notices: notices, files: files, vault: vault,
        pool: hashing, legal: legal, clock: clock, captcha: captcha, showsLetters: isTrial),
      LegalFeature(database: database, site: site, standard: standardText),
      AuditFeature(database: database, audit: audit, log: log),
      FilesFeature(database: database, files: files, clock: clock),
      NoticesFeature(
        database: database, site: site, bus: bus, notices: notices, sender: sender, office: office,
        pushes: PushOffice(
          client: PushClient(client, peer: config.pushPeer),
          keys: PushKeys(database: database, vault: vault, clock: clock),
          contact: config.siteURL.hasPrefix("https://") ? config.siteURL : "mailto:\(sender.address)",
          peer: config.pushPeer),
        secret: config.secret, clock: clock),
      LedgerFeature(database: database, ledger: ledger, log: log),
      tutorsFeature,
      scheduling,
      BookingsFeature(database: database, site: site, bookings: bookings, clock: clock),
      CheckoutFeature(
        database: database, site: site, bookings: bookings, ledger: ledger, payments: payments, simulated: simulated,
        clock: clock),
      ClassroomFeature(
        database: database, site: site, bus: bus,
        relays: RelaySettings(
          stun: config.stunURLs, turn: config.turnURLs, secret: config.turnSecret, isOnlyWay: config.isRelayOnly),
        hooks: LessonHooks(
          begin: { booking, tx in try await bookings.begin(booking, in: tx) },
          complete: { booking, tx in try await bookings.complete(booking, in: tx) },
          waiting: { waiting, tx in
            try await notices.tell(
              waiting.tutor, "classroom.waiting",
              ["name": .text(waiting.learnerName), "subject": .text(waiting.subject)],
              link: Doors.classroom(waiting.booking), mail: false, in: tx)
          }),
        pace: Pace(.messages, settings), clock: clock, log: log),
      reviews,
      HomeFeature(
        database: database, site: site, bus: bus, bookings: bookings, tutors: tutorsFeature, ledger: ledger,
        clock: clock),
      AdminFeature(
        database: database, site: site, tutors: tutorsFeature, ledger: ledger, sessions: sessions, legal: legal,
        standardText: standardText, clock: clock),
      EmbeddingFeature(
        database: database, site: site, tutors: tutorsFeature, clock: clock, rule: config.embedding,
        slots: scheduling.freeTimes),
    ]
    let (redis, relay) = (self.redis, self.relay)
    let watch = Watch(
      Self.components(config, database: database, redis: redis, relay: relay, disk: disk),
      figures: Figure.jobs + rooms.flatMap(\.figures),
      database: database, metrics: metrics, clock: clock, log: log)
    self.watch = watch
    site.troubles.ask { Self.troubles(watch, redis: redis, relay: relay) }
    // The description of the API last: it describes what was declared before it.
    features =
      rooms + [
        StatusFeature(site: site, watch: watch), WebAppFeature(site: site),
        GalleryFeature(
          site: site, pool: disk,
          specimens: [BookingSpecimens.shown, CheckoutSpecimens.shown, RoomSpecimens.shown, TutorSpecimens.shown]),
        OpenAPIFeature(site: site),
      ]

    runner = Runner(
      database: database, handlers: features.flatMap(\.jobs),
      reactions: features.flatMap(\.reactions) + [
        // Two market rooms that must not know each other.
        Reaction(LessonFinished.self, "tutors.count-lesson") { event, tx in
          try await tutors.countLesson(of: event.tutor, in: tx)
        }
      ],
      schedules: features.flatMap(\.schedules), log: log, clock: clock,
      observe: { name, took, isDone in
        metrics.histogram(
          "job_duration_seconds", "From the start of a try to its end.",
          labels: ["name": name, "outcome": isDone ? "done" : "failed"]
        ).observe(max(0, Double(took.microseconds) / 1_000_000))
      })
    Self.count(
      database: database, loops: loops, runner: runner, pools: ["hashing": hashing, "disk": disk], in: metrics)

    var routes = Routes()
    for feature in features {
      routes.feature = feature.name
      feature.routes(&routes)
    }
    let database = database
    routes.feature = "Server"
    routes.quick("/healthz") { _ in
      guard let figures = relay?.figures else { return .text("ok\n") }
      return .text("ok\nbus: \(figures.isCut ? "this node only" : figures.carrier ?? "silent")\n")
    }
    routes.api(.get, Path("/readyz"), as: Guest.self) { _, _ in
      _ = try await database.one(Query<Int>("select 1"))
      return .text("ready\n")
    }

    let site = site
    table = RouteTable(
      routes, settings: settings, log: log, metrics: metrics, assets: assets,
      translate: { error in (error as? PostgresError).flatMap(Self.problem) },
      problemPage: { request, problem in site.problem(problem, for: request) },
      identify: { request in try await sessions.identify(request) }, gate: { try await door.judge($0, $1) })
  }

  /// Who else learns something of the people here, as this site is set up.
  private static func outsiders(_ config: Config, payments: Payments, sendsMail: Bool) -> [Outsider] {
    var outsiders: [Outsider] = [
      payments.isSimulated ? .simulatedPayment : .payment, sendsMail ? .mail : .outbox,
    ]
    if case .vendor(let vendor, _, _) = config.captcha {
      switch vendor {
      case .turnstile: outsiders.append(.turnstile)
      case .hcaptcha: outsiders.append(.hcaptcha)
      case .recaptcha: outsiders.append(.recaptcha)
      }
    }
    if !config.stunURLs.isEmpty || !config.turnURLs.isEmpty { outsiders.append(.relay) }
    return outsiders + [.push]
  }

  private static func webSettings(_ config: Config, _ shared: SharedLimits?) -> WebSettings {
    var settings = WebSettings(siteURL: config.siteURL, secret: HMAC.sign("web", key: Array(config.secret.utf8)))
    settings.zone = config.zone
    settings.rates = config.rates
    settings.rateFactor = Double(config.limitsFactor)
    settings.trustedProxies = config.trustedProxies
    if let token = config.metricsToken { settings.metrics = .token(token) }
    settings.limitStore = shared
    settings.uploads = config.home + "/uploads"
    mkdir(settings.uploads, 0o700)
    return settings
  }

  /// How this node hears of the others: through Redis, and through the database when that is gone or there is none.
  private static func relay(
    _ redis: Redis?, _ isOneOfSeveral: Bool, _ database: Database, _ loops: LoopGroup, _ log: Log
  ) -> NodeRelay? {
    var carriers: [Carrier] = []
    if let redis {
      let stream = RedisStream(redis, key: "tutalink:bus")
      carriers.append(
        Carrier(
          "redis", send: { try await stream.append($0) },
          receive: { missed, heard in await stream.follow(missed: missed, heard) }))
    }
    guard !carriers.isEmpty || isOneOfSeveral else { return nil }
    carriers.append(
      Carrier(
        "postgres", limit: 7_900, send: { try await database.notify("bus", all: $0) },
        receive: { missed, heard in
          while (try? await database.listen("bus", missed: missed, heard)) == nil {
            guard (try? await loops.loops[0].sleep(.seconds(1))) != nil else { return }
          }
        }))
    return NodeRelay(carriers: carriers, loop: loops.loops[0], log: log)
  }

  private static func measure(_ relay: NodeRelay?, _ redis: Redis?, _ time: DatabaseClock, _ metrics: Metrics) {
    metrics.gauge("clock_astray_seconds", "How far this machine's clock is from the database's.") {
      Double(time.astray.microseconds) / 1_000_000
    }
    if let redis { metrics.gauge("redis_up", "1 while Redis answers.") { redis.isUp ? 1 : 0 } }
    guard let relay else { return }
    metrics.gauge("bus_alone", "1 while nothing carries messages to the other nodes.") { relay.figures.isCut ? 1 : 0 }
    metrics.gauge("bus_sent", "Messages told to the other nodes.") { Double(relay.figures.sent) }
    metrics.gauge("bus_heard", "Messages heard from other nodes.") { Double(relay.figures.heard) }
    metrics.gauge("bus_repeated", "Messages that came again and were passed over.") { Double(relay.figures.repeated) }
    metrics.gauge("bus_lost", "Messages given up because nothing carried them.") { Double(relay.figures.lost) }
  }

  /// What a database that refuses means outward; what is not named here is our mistake, and 500.
  private static func problem(_ error: PostgresError) -> Problem? {
    // This process seals with a key that was retired meanwhile: it reads the ring again at the announcement.
    if error.constraint == "sealing_key_in_use" { return Problem(503, retryAfter: 5) }
    return switch error.state {
    case "22021": Problem(400, "Text may not contain the character NUL.")
    case let state where state.hasPrefix("08") || state.hasPrefix("57P") || state == "53300":
      Problem(503, retryAfter: 5)
    case "40001", "40P01", "55P03": Problem(503, retryAfter: 1)
    default: nil
    }
  }

  /// Serves until a signal; then lets go in the order that loses nothing: no new requests, those in flight, jobs, sockets,
  /// the database, the loops.
  func serve(_ environment: [String: String]) async throws {
    try await sessions.listen()
    try await vault.listen(on: database)
    try await maintenance.listen()
    try await time.read()
    time.start()
    redis?.warm()
    relay?.start()
    var settings = ServerSettings(host: config.host, port: config.port)
    settings.grace = .seconds(config.drainSeconds)
    settings.inherited = Supervisor.listeners(environment)
    let server = HTTPServer(table: table, loops: loops, settings: settings)
    try await server.start()
    await runner.start()
    // Pages go out at once; the small forms of the assets follow when the cores have time.
    let assets = assets
    let press = BlockingPool(threads: 1, background: true)
    Task { try? await press.run { assets.compress() } }
    watch.start()
    rest.start()
    log.info("server.started", ["host": .text(config.host), "port": .number(server.port)])
    Supervisor.tell("READY=1", environment)
    await Signals.wait()
    Supervisor.tell("STOPPING=1", environment)
    log.info("server.draining")
    await server.stop()
    await watch.stop()
    rest.close()
    await runner.stop()
    await courier.close()
    time.close()
    relay?.close()
    await redis?.close()
    await database.close()
    loops.stop()
    log.info("server.stopped")
  }
}
