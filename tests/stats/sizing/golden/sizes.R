# What pwr, rpact and mvtnorm say of sizes and powers; noncentral t is R's own.
# Debian: apt-get install r-cran-pwr r-cran-mvtnorm r-cran-jsonlite; rpact 3.3.4 from CRAN.  Rscript sizes.R > sizes.json
suppressMessages({library(pwr); library(rpact); library(mvtnorm); library(jsonlite)})

student <- function(d, n, alpha) list(
  d = d, n = n, alpha = alpha,
  power = pwr.t.test(n = n, d = d, sig.level = alpha / 2, alternative = "greater")$power
)
students <- list(student(0.5, 64, 0.05), student(1.2, 8, 0.05), student(3, 3, 0.05), student(0.1, 1500, 0.01))

needed <- function(d, power) list(
  d = d, power = power, n = pwr.t.test(d = d, power = power, sig.level = 0.025, alternative = "greater")$n
)
neededs <- list(needed(0.2, 0.8), needed(0.5, 0.9), needed(1, 0.8), needed(2, 0.8))

welch <- function(d, n0, n1) {
  df <- (1 / n0 + 1 / n1)^2 / (1 / (n0^2 * (n0 - 1)) + 1 / (n1^2 * (n1 - 1)))
  ncp <- d / sqrt(1 / n0 + 1 / n1)
  list(d = d, units = c(n0, n1), power = pt(qt(0.975, df), df, ncp, lower.tail = FALSE))
}
welches <- list(welch(0.8, 90, 10), welch(0.5, 60, 180), welch(1.5, 20, 5))

rates <- function(base, effect, ratio) {
  size <- getSampleSizeRates(
    sided = 2, alpha = 0.05, beta = 0.2, pi1 = base + effect, pi2 = base, allocationRatioPlanned = ratio
  )
  list(base = base, effect = effect, ratio = ratio, control = size$nFixed2[1], challenger = size$nFixed1[1])
}
rate <- list(rates(0.1, 0.02, 1), rates(0.02, 0.01, 0.25), rates(0.4, -0.05, 2), rates(0.9, 0.03, 1))

harms <- function(base, harm, ratio) { # Farrington and Manning
  size <- getSampleSizeRates(
    sided = 1, alpha = 0.025, beta = 0.2, pi1 = base, pi2 = base, thetaH0 = harm, allocationRatioPlanned = ratio
  )
  list(base = base, harm = harm, ratio = ratio, control = size$nFixed2[1], challenger = size$nFixed1[1])
}
harm <- list(
  harms(0.02, 0.01, 0.25), harms(0.1, 0.02, 1), harms(0.4, 0.05, 0.5), harms(0.9, -0.03, 0.5), harms(0.02, -0.03, 1)
)

means <- function(sd, effect, ratio, normal) {
  size <- getSampleSizeMeans(
    sided = 2, alpha = 0.05, beta = 0.2, alternative = effect, stDev = sd, allocationRatioPlanned = ratio,
    normalApproximation = normal
  )
  list(sd = sd, effect = effect, ratio = ratio, normal = normal, control = size$nFixed2[1], challenger = size$nFixed1[1])
}
mean <- list(means(110, 20, 1, TRUE), means(110, 20, 0.25, TRUE), means(110, 150, 1, FALSE), means(110, 40, 1, FALSE))

margins <- function(sd, margin) {
  size <- getSampleSizeMeans(
    sided = 1, alpha = 0.025, beta = 0.1, thetaH0 = -margin, alternative = 0, stDev = sd, normalApproximation = FALSE
  )
  list(sd = sd, margin = margin, n = size$nFixed1[1])
}
margin <- list(margins(110, 20), margins(110, 60), margins(1, 1.5))

clusters <- function(sd, effect, icc, cv, m, k) {
  unit <- sd * sqrt((cv^2 + 1) * icc + (1 - icc) / m)
  list(
    sd = sd, effect = effect, icc = icc, cv = cv, calls = m, units = k,
    power = pwr.t.test(n = k, d = effect / unit, sig.level = 0.025, alternative = "greater")$power
  )
}
cluster <- list(
  clusters(1, 0.48, 0.05, 0, 150, 5), clusters(1, 0.3, 0.02, 0.65, 200, 10), clusters(110, 30, 0.1, 1, 400, 20)
)

joint <- function(surpluses, correlation) {
  k <- length(surpluses)
  sigma <- matrix(correlation, k, k)
  diag(sigma) <- 1
  found <- pmvnorm(upper = surpluses, sigma = sigma, algorithm = if (k < 4) TVPACK(1e-12) else Miwa(steps = 1024))
  list(surpluses = surpluses, correlation = correlation, power = as.numeric(found))
}
joints <- list(
  joint(c(1.2, 0.9), 0.3), joint(c(1.2, 0.9), 0.95), joint(c(0.84, 1.5, 2.2), 0.5), joint(c(1.1, 1.4, 0.6, 2), 0.2)
)

looks <- function(name, type, fractions, alpha, beta) {
  design <- getDesignGroupSequential(
    sided = 2, alpha = alpha, beta = beta, informationRates = fractions, typeOfDesign = type
  )
  of <- getDesignCharacteristics(design)
  list(
    spending = name, fractions = fractions, alpha = alpha, power = 1 - beta, inflation = of$inflationFactor,
    with_effect = of$averageSampleNumber1, without = of$averageSampleNumber0
  )
}
look <- list(
  looks("obrien-fleming", "asOF", c(0.2, 0.4, 0.6, 0.8, 1), 0.05, 0.2),
  looks("pocock", "asP", c(0.2, 0.4, 0.6, 0.8, 1), 0.05, 0.2),
  looks("obrien-fleming", "asOF", c(0.5, 1), 0.025, 0.1)
)

cat(toJSON(
  list(
    students = students, needed = neededs, welch = welches, rates = rate, harms = harm, means = mean, margins = margin,
    clusters = cluster, joint = joints, looks = look
  ),
  auto_unbox = TRUE, digits = NA, pretty = TRUE
), "\n")
