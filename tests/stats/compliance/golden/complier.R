# What AER's ivreg says of outcome ~ heard | assigned, with sandwich's HC2 (calls) and clubSandwich's CR2 (units),
# the first stage's robust F, and Anderson and Rubin's test at three hypothetical effects by lm() of outcome - b heard.
# Debian: apt-get install r-cran-aer r-cran-sandwich r-cran-clubsandwich r-cran-jsonlite.
# Rscript complier.R > complier.json
suppressMessages({library(AER); library(sandwich); library(clubSandwich); library(jsonlite)})

anderson_rubin <- function(rows, covariance, tested) {
  hypotheses <- c(-0.1, 0, 0.4)
  p <- sapply(hypotheses, function(b) {
    rows$rest <- rows$outcome - b * rows$heard
    fit <- lm(rest ~ assigned, data = rows)
    tested(fit, covariance(fit, rows))$p
  })
  list(hypotheses = hypotheses, p = p)
}

found <- function(rows, covariance, tested) {
  iv <- ivreg(outcome ~ heard | assigned, data = rows)
  first <- lm(heard ~ assigned, data = rows)
  list(
    effect = unname(coef(iv)["heard"]), standard_error = sqrt(covariance(iv, rows)["heard", "heard"]),
    first_stage_f = unname(coef(first)["assigned"]^2 / covariance(first, rows)["assigned", "assigned"]),
    anderson_rubin = anderson_rubin(rows, covariance, tested)
  )
}

# calls: heard and succeeded, heard and not, unheard and succeeded, unheard and not
# (HC2 with the leverage of the projection on the instrument, 1 / n; AER's own hat is of another matrix)
hc2 <- function(fit, rows) {
  leverage <- ave(rows$assigned, rows$assigned, FUN = function(arm) 1 / length(arm))
  vcovHC(fit, omega = function(residuals, diaghat, df) residuals^2 / (1 - leverage))
}
normal <- function(fit, v) list(p = unname(2 * pnorm(-abs(coef(fit)["assigned"]) / sqrt(v["assigned", "assigned"]))))
calls <- list(
  strong = list(control = c(6, 34, 90, 470), challenger = c(150, 370, 20, 80)),
  weak = list(control = c(9, 51, 20, 120), challenger = c(15, 55, 25, 105)),
  one_sided = list(control = c(0, 0, 40, 160), challenger = c(40, 80, 18, 72))
)
of_calls <- function(case) {
  rows <- do.call(rbind, lapply(0:1, function(arm) {
    n <- if (arm) case$challenger else case$control
    data.frame(assigned = arm, heard = rep(c(1, 1, 0, 0), n), outcome = rep(c(1, 0, 1, 0), n))
  }))
  c(case, found(rows, hc2, normal))
}

# units: one row (succeeded and heard, heard, succeeded, calls) an agent
cr2 <- function(fit, rows) as.matrix(vcovCR(fit, cluster = rows$unit, type = "CR2"))
units <- list(
  agents = list(
    control = rbind(c(1, 3, 6, 50), c(0, 0, 9, 80), c(2, 9, 12, 90), c(0, 1, 2, 11), c(4, 10, 30, 150), c(1, 2, 5, 33)),
    challenger = rbind(c(9, 30, 12, 44), c(14, 60, 15, 70), c(2, 5, 9, 60), c(30, 99, 31, 120), c(1, 4, 1, 8))
  ),
  weak = list(
    control = rbind(c(5, 20, 9, 50), c(9, 60, 12, 80), c(2, 9, 12, 90), c(8, 40, 20, 101)),
    challenger = rbind(c(9, 30, 12, 74), c(14, 60, 15, 90), c(2, 5, 9, 60), c(9, 30, 21, 70), c(1, 4, 3, 18))
  )
)
of_units <- function(case) {
  rows <- do.call(rbind, lapply(0:1, function(arm) {
    dealt <- if (arm) case$challenger else case$control
    do.call(rbind, lapply(seq_len(nrow(dealt)), function(g) {
      u <- dealt[g, ]
      n <- c(u[1], u[2] - u[1], u[3] - u[1], u[4] - u[2] - u[3] + u[1])
      data.frame(assigned = arm, unit = paste(arm, g), heard = rep(c(1, 1, 0, 0), n), outcome = rep(c(1, 0, 1, 0), n))
    }))
  }))
  tested <- function(fit, v) {
    robust <- vcovCR(fit, cluster = rows$unit, type = "CR2")
    test <- coef_test(fit, vcov = robust, test = "Satterthwaite")[2, ]
    list(p = test$p_Satt)
  }
  c(case, found(rows, cr2, tested))
}

cat(toJSON(list(calls = lapply(calls, of_calls), units = lapply(units, of_units)),
  digits = I(15), auto_unbox = TRUE, pretty = TRUE), "\n")
